-- Records when the store began, if that is not recorded yet.
began()
return reply('began')
