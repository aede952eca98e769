-- Records when the store began, if that is not known.
began()
return answer('began')
